"""A hungry hunter catches a small animal, which talks its way out."""

TRICKS = {
    "thin": """
"I am so thin," said {a}. "Let me eat {food} for {n} days, and I will be round and sweet." ~ “我太瘦了。”{a}说，“让我吃{n}天{food}，我就又圆又甜了。”
"You will hardly taste me," said {a}. "I have {food} at home. Let me get fat first!" ~ “我还不够你塞牙缝呢。”{a}说，“我家里有{food}，让我先吃胖吧！”

The {f} thought of a bigger dinner and opened {f.his} paws. ~ {f}想吃一顿更大的，就松开了爪子。
"Hm," said the {f}, and {f.his} mouth watered. {f.He} let go. ~ “嗯。”{f}馋得直流口水，放开了爪子。

{a} ran into {a.his} hole and called, "Now I am fat enough, but the door is too small for you!" ~ {a}跑进洞里喊道：“现在我够胖了，可是门太小，你进不来！”
"Come back in {n} years!" called {a} from {a.his} hole. ~ “过{n}年再来吧！”{a}在洞里喊。
""",
    "moon": """
"I am only a small bite," said {a}, "but I know where there is a big round {food}." ~ “我只有一小口，”{a}说，“可是我知道哪儿有一个又大又圆的{food}。”
"Wait!" cried {a}. "In the pond lies a {food} as big as a wheel." ~ “等一等！”{a}喊道，“池塘里有一个像车轮那么大的{food}。”

They went to the pond, and there, in the black water, was the round white moon. ~ 它们来到池塘边，黑黑的水里有一个圆圆的白月亮。
In the water the moon was shining, and the {f} believed it was a {food}. ~ 水里映着月亮，{f}还以为那是{food}呢。

Splash! The {f} jumped in after the {food}, and {a} ran home. ~ “扑通！”{f}跳进水里去捞{food}，{a}赶紧跑回了家。
The {f} jumped in with {f.his} mouth wide open and got nothing but cold water. ~ {f}张着大嘴跳下去，只喝到了一肚子冷水。
""",
    "song": """
"Before you eat me, let me hear you sing," said {a}. "Everybody says you sing so well." ~ “吃我以前，让我听你唱首歌吧。”{a}说，“大家都说你唱得特别好听。”
"One last wish!" said {a}. "Please sing me a song about {food}." ~ “我有最后一个愿望！”{a}说，“请给我唱一首关于{food}的歌。”

The {f} was proud of {f.his} voice. {f.He} closed {f.his} eyes and sang. ~ {f}对自己的嗓子很得意，闭上眼睛唱了起来。
To sing, the {f} had to open {f.his} mouth and lift {f.his} head. ~ 要唱歌，{f}就得张开嘴，抬起头。

When the {f} came to the {n}th line, {a} was far away. ~ 等{f}唱到第{n}句，{a}早就跑远了。
When the song was over, there was no {a.kind} there any more. ~ 歌唱完了，{a.kind}早就不见了。
""",
    "dog": """
"Do you hear that?" asked {a}. "The farmer's dog is coming. It has {n} brothers." ~ “你听见了吗？”{a}问，“农夫的狗来了，它还有{n}个兄弟呢。”
{a} looked past the {f} and called, "Good morning, dog! You are just in time." ~ {a}朝{f}身后看了看，喊道：“狗大哥，[早上好|您早啊]！[你来得正好|来得真巧|可把你盼来了]。”

The {f} jumped and looked behind {f.him}. ~ {f}吓了一跳，回头去看。
The {f} turned {f.his} head, only for a moment. ~ {f}转过头去，只看了一眼。

But a moment was enough for {a}, and {a.he} was up in a {tree}. ~ 可是这一眼的工夫，{a}已经爬到了一棵{tree}上。
There was no dog at all, and {a} was already sitting in a {tree}, laughing. ~ 根本没有狗，{a}已经坐在一棵{tree}上笑了。
""",
}


def tell(t):
    t.animal(
        "a",
        kind=t.random.choice(
            [
                "squirrel ~ 小松鼠 ~ 只",
                "mouse ~ 小老鼠 ~ 只",
                "rabbit ~ 小兔子 ~ 只",
                "chick ~ 小鸡 ~ 只",
                "hamster ~ 小仓鼠 ~ 只",
            ]
        ),
    )
    way = t.branch(*TRICKS)
    hunters = {"fox": "狐狸", "wolf": "狼", "wildcat": "野猫", "bear": "大熊"}
    en = t.random.choice(list(hunters))
    t.pick(
        n=["four ~ 四", "six ~ 六", "seven ~ 七", "eight ~ 八"]
        if way != "song"
        else ["four ~ 四", "six ~ 六", "seven ~ 七"],
        tree="trees",
        when="when",
    )
    t.pick(
        food={
            "thin": ["sweet corn ~ 甜玉米", "nuts ~ 坚果", "cheese ~ 奶酪", "carrots ~ 胡萝卜"],
            "moon": ["cheese ~ 奶酪", "cake ~ 蛋糕", "pie ~ 馅饼"],
            "song": ["dinner ~ 晚饭", "the moon ~ 月亮", "the forest ~ 森林", "spring ~ 春天"],
            "dog": ["nuts ~ 坚果", "seeds ~ 瓜子"],
        }[way]
    )
    t.pick(
        doing=[
            "looking for berries ~ 找浆果",
            "picking flowers ~ 采花",
            "gathering nuts ~ 捡坚果",
            "fetching water ~ 打水",
            "gathering wood ~ 捡柴火",
            "drinking from the pond ~ 喝池塘里的水",
        ]
    )
    t.pick(trait=["clever ~ 聪明", "brave ~ 勇敢", "quick ~ 机灵", "cheerful ~ 开朗"])
    t.state["f"] = t.cast.animal(f"{en} ~ {hunters[en]} ~ 只")
    hunter = t.state["f"]
    t.state["f"] = type(hunter)(
        en, hunters[en], gender=hunter.gender, kind=hunter.kind, animal=True
    )
    t.meet(like=t.chance(0.3))
    t.tell(
        """
In the same forest lived a {f} who was always hungry. ~ 森林里还住着一只{f}，它总是觉得饿。
Everybody was afraid of the {f}, who lived near the big {tree}. ~ 大家都怕住在大{tree}附近的{f}。
"Take care of the {f}, {a}," {a}'s mother often said. ~ “{a}，要小心{f}。”{a}的妈妈常常说。

{when}, {a} was {doing}. ~ {when}，{a}正在{doing}。
{when}, {a} was {doing} and singing, and {a.he} did not look around. ~ {when}，{a}一边唱歌一边{doing}，[没有往四周看|也没留意四周|根本没有注意周围]。

--

Snap! Suddenly the {f} stood there and held {a} in {f.his} paws. ~ “啪！”{f}突然跳出来，一把抓住了{a}。
Two big paws came out of the bushes. It was the {f}, and {f.he} had caught {a}. ~ [灌木里伸出两只大爪子|两只大爪子从灌木里伸了出来|灌木丛一动，伸出两只大爪子]。[是{f}，它抓住了{a}|原来是{f}，{a}被抓住了|{f}把{a}抓住了]。
From behind a {tree} jumped the {f} and caught {a} by the tail. ~ {f}从一棵{tree}后面跳出来，抓住了{a}的尾巴。

"[Good morning|Hello], my little dinner," said the {f}. ~ “[早上好|你好啊]，我的小点心。”{f}说。
"I have not eaten for {n} days," said the {f}. "What luck!" ~ “[我已经{n}天没吃东西了|我饿了{n}天了|{n}天以来我什么也没吃]。”{f}说，“[运气真好|今天真走运|我运气不错]！”

{a}'s heart beat like a drum, but {a.he} did not cry. {a.He} thought. ~ {a}的心[跳得像打鼓一样|怦怦直跳|像小鼓一样咚咚响]，可是它[没有哭，而是动起了脑筋|没有哭，它在想办法|忍住眼泪，开始想办法]。
{a} was very much afraid. "I am small," {a.he} thought, "so I must be clever." ~ {a}[害怕极了|怕得发抖|吓得要命]。“[我个子小|我这么小|我力气小]，”它想，“[所以得聪明一点儿|那就要靠脑子|只能动脑筋了]。”
"""
        + TRICKS[way]
        + """
--

The {f} went home hungry, [and|but] {f.he} had learned something. ~ {f}[饿着肚子回去了|空着肚子走了|肚子空空地回了家]，不过它[学到了一点东西|也学到了一件事|总算明白了一件事]。
That evening the {f} had [grass|cold potatoes] for dinner. ~ 那天晚上，{f}只好吃[草|冷土豆]。
"Next time I will not listen," said the {f} angrily. ~ “[下次我再也不听了|下一回，我什么也不听|以后我再也不上当了]。”{f}[气呼呼地说|生气地说|恨恨地说]。

And {a} told the story to {a.his} mother, who held {a.him} very tight. ~ {a}把[这件事|事情的经过|发生的一切][告诉了妈妈|讲给妈妈听]，妈妈[紧紧地抱住了它|把它搂得紧紧的|半天都不肯松开它]。
At home {a} laughed about the {f} until {a.his} belly hurt. ~ 回到家，{a}想起{f}，笑得肚子都疼了。
After that {a} always looked around three times before {a.he} left the house. ~ 从那以后，{a}每次出门前都要往四周看三遍。
"""
    )
    t.let(
        how={
            "thin": "it wanted to get fat first ~ 先要吃胖一点",
            "moon": "there was a big {food} in the pond ~ x",
            "song": "it wanted to hear a song ~ 想听一首歌",
            "dog": "a dog was coming ~ 有一只狗来了",
        }[way]
    )
    if way == "moon":
        t.let(
            how=f"there was a big {t.state['food'].en} in the pond ~ 池塘里有一个大{t.state['food'].zh}"
        )
    t.title("""
{a} and the {f} ~ {a}和{f}
The Hungry {f} ~ 饥饿的{f}
Clever {a} ~ 聪明的{a}
""")
    t.summary(
        """
A {f} caught {a}, who said that {how} and got away. ~ {f}抓住了{a}，{a}说{how}，就这样逃走了。
Little {a} tricked a hungry {f} and got away. ~ 小小的{a}骗过了饥饿的{f}，逃走了。
""".replace(
            "{how}",
            {
                "thin": "{a.he} had to get fat first",
                "moon": "there was a {food} in the pond",
                "song": "{a.he} wanted to hear a song",
                "dog": "a dog was coming",
            }[way],
            1,
        ).replace(
            "{a}说{how}",
            "{a}说"
            + {
                "thin": "自己要先吃胖",
                "moon": "池塘里有{food}",
                "song": "想听它唱歌",
                "dog": "狗来了",
            }[way],
        )
    )
    t.ask("""
who: Who caught {a}? => the {f} ~ 谁抓住了{a}？ => {f}
what: What kind of animal was {a}? => a {a.kind} ~ {a}是什么动物？ => {a.kind}
what: What was {a} doing when {a.he} was caught? => {doing} ~ {a}被抓住的时候在做什么？ => {doing}
nodid: Did the {f} eat {a}? ~ {f}把{a}吃了吗？
yes: Did {a} get away? ~ {a}逃走了吗？
why: Why did the {f} catch {a}? => because {f.he} was hungry ~ {f}为什么抓{a}？ => 因为它饿了
unsaid: What was the {f} called? ~ {f}叫什么名字？
""")
