"""Something is broken; telling the truth, sooner or later, makes it good."""

BROKE = {
    "ball": (
        "with a ball ~ 玩球",
        """
{a} threw {a.his} ball against the wall, higher and higher. Crash! It hit the {k}. ~ {a}对着墙扔球，越扔越高。“哗啦！”球打中了{k}。
"Only one more throw," said {a}, and then the ball flew the wrong way and knocked over the {k}. ~ “再扔最后一次。”{a}说。谁知球飞偏了，撞倒了{k}。
""",
    ),
    "run": (
        "running ~ 跑来跑去",
        """
{a} was a race car and ran round the table. {a.His} elbow hit the {k}. ~ {a}假装自己是赛车，绕着桌子跑，胳膊肘碰着了{k}。
{a} ran through the room with a {col2} cape and swept the {k} to the floor. ~ {a}披着{col2}的斗篷在屋里跑，把{k}扫到了地上。
""",
    ),
    "climb": (
        "climbing ~ 爬高",
        """
{a} climbed on a chair to get the {food} from the shelf, and down came the {k}. ~ {a}爬上椅子去拿架子上的{food}，{k}一下子掉了下来。
{a} wanted a {food} from the top shelf. {a.He} stretched and stretched, and the {k} fell. ~ {a}想拿最上面架子上的{food}。{a.he}踮着脚够呀够，{k}掉下来了。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        col2="colors",
        food=["cookie ~ 饼干 ~ 块", "candy ~ 糖果 ~ 颗", "muffin ~ 小松糕 ~ 个"],
        n="numbers",
        when="when",
    )
    t.pick(
        k=[
            "vase ~ 花瓶 ~ 个",
            "teapot ~ 茶壶 ~ 把",
            "plate ~ 盘子 ~ 个",
            "flower pot ~ 花盆 ~ 个",
            "cup ~ 杯子 ~ 个",
            "bowl ~ 碗 ~ 个",
        ]
    )
    t.pick(
        hid=[
            "under the sofa ~ 沙发底下",
            "behind the curtain ~ 窗帘后面",
            "in a shoe box ~ 鞋盒里",
            "under {a.his} bed ~ 床底下",
            "in the trash ~ 垃圾桶里",
        ]
    )
    t.let(
        hid=f"{t.state['hid'].en.replace('{a.his}', t.state['a'].form('his', 'en'))} ~ {t.state['hid'].zh}"
    )
    t.pick(other=["cat ~ 小猫", "dog ~ 小狗", "wind ~ 大风"])
    t.meet(like=False)
    how = t.random.choice(list(BROKE))
    t.let(how=BROKE[how][0])
    way = t.branch("atonce", "hid", "blamed")
    t.tell(
        """
On the table stood {m}'s {col} {k}. ~ 桌子上放着{m}的一{k.mw}{col}的{k}。 // {m} had owned it for {n} years. ~ {m}用它已经{n}年了。
{m} had a {col} {k} that {m.he} loved [very much|more than any other]. ~ {m}有一{k.mw}{col}的{k}，{m.he}[非常喜欢|特别喜欢]。

? "Please don't play near my {k}," {m} often said. ~ “别在我的{k}旁边玩。”{m}常常这么说。
? It came from {m}'s own grandmother. ~ 那是{m}的奶奶留下来的。

{when}, {a} was alone in the room. ~ {when}，{a}一个人在屋里。
{when}, {m} was in the garden and {a} was playing inside. ~ {when}，{m}在花园里，{a}在屋里玩。
"""
        + BROKE[how][1]
        + """
There it lay, in {n2} pieces. ~ {k}摔成了{n2}块。
The {col} {k} was broken! ~ {col}的{k}碎了！

--
""".replace("{n2}", "{:numbers}")
    )
    if way == "atonce":
        t.tell("""
{a}'s heart beat fast. {a.He} could run away, or {a.he} could tell the truth. ~ {a}的心跳得很快。{a.he}可以跑掉，也可以说实话。
For a moment {a} wanted to hide the pieces {hid}. ~ {a}一时想把碎片藏到{hid}。

But then {a.he} went out to {m} and said, "I have broken your {k}. I am sorry." ~ 可是{a.he}走出去对{m}说：“我把你的{k}打碎了。对不起。”
Then {a} called, "{m}, please come. I have broken the {k}." ~ 后来{a}喊道：“{m}，你来一下。我把{k}打碎了。”
""")
    elif way == "hid":
        t.tell("""
{a} picked up the pieces and hid them {hid}. ~ {a}捡起碎片，藏在了{hid}。
Quickly {a} put the pieces {hid}, where nobody would look. ~ {a}赶紧把碎片放到{hid}，谁也不会去看那儿。

At dinner {a} could not eat. {a.His} belly felt as heavy as a stone. ~ 吃晚饭的时候，{a}什么也吃不下，肚子里好像压着一块石头。
All evening {a} thought of the pieces {hid}. {a.He} could not even laugh at a joke. ~ 整个晚上，{a}都在想{hid}的碎片，连听笑话都笑不出来。

"{m}," {a} said at last, "it was me. I broke the {k}." ~ “{m}，”{a}终于开口说，“是我。是我打碎了{k}。”
At bedtime {a} began to cry. "I broke your {col} {k} and hid it," {a.he} said. ~ 睡觉前，{a}哭了起来。“我打碎了你{col}的{k}，还把它藏了起来。”{a.he}说。
""")
    else:
        t.tell("""
"Who did that?" asked {m}. "The {other}," said {a} and looked at the floor. ~ “这是谁干的？”{m}问。“是{other}。”{a}说着，低下头看着地板。
When {m} came in, {a} said, "It was the {other}!" ~ {m}进来的时候，{a}说：“是{other}弄的！”

But the {other} could not speak, and {a} felt [bad|ashamed]. ~ 可是{other}不会说话，{a}心里很[不好受|惭愧]。
{m} said nothing, and that was worse than anything. ~ {m}什么也没说，这比什么都让{a}难受。

"No," {a} said after a while. "It was not the {other}. It was me." ~ “不对。”过了一会儿，{a}说，“不是{other}，是我。”
{a} could not stand it any longer. "I lied," {a.he} said. "I broke the {k} myself." ~ {a}再也忍不住了。“我撒谎了。”{a.he}说，“{k}是我自己打碎的。”
""")
    t.tell("""
--

{m} was quiet for a moment. Then {m.he} put {m.his} arms around {a}. ~ {m}沉默了一会儿，然后[把{a}搂进了怀里|抱住了{a}|伸开双臂抱了抱{a}]。
"I am sad about the {k}," said {m}, "but I am glad that you told me." ~ “{k}碎了，我很难过，”{m}说，“可是你能告诉我，我很高兴。”

"A {k} can be mended, and it is brave to tell the truth," said {m}. ~ “{k}[可以粘好|能粘起来|粘一粘就好]，[说实话是很勇敢的|说真话才是勇敢|肯说实话，这很勇敢]。”{m}说。
"Telling the truth is [hard|not easy], and you did it," said {m}. ~ “[说实话|说真话|承认错误][很难|不容易]，[你做到了|你却做到了|可你说出来了]。”{m}说。

Together they glued the {col} {k}, piece by piece. ~ {a+m.he}一起把{col}的{k}一片一片粘了起来。
The next day {a} painted a new {k} with {col2} dots for {m}. ~ 第二天，{a}给{m}画了一{k.mw}带{col2}圆点的新{k}。
{a} took the money from {a.his} piggy bank and bought {m} a {col2} {k}. ~ {a}拿出存钱罐里的钱，给{m}买了一{k.mw}{col2}的{k}。
""")
    t.title("""
The Broken {k} ~ 打碎的{k}
{a} Tells the Truth ~ {a}说了实话
{m}'s {k} ~ {m}的{k}
""")
    t.summary(
        {
            "atonce": """
{a} broke {m}'s {k} and told the truth at once. ~ {a}打碎了{m}的{k}，马上就说了实话。
""",
            "hid": """
{a} broke {m}'s {k} and hid the pieces {hid}, but then {a.he} told the truth. ~ {a}打碎了{m}的{k}，把碎片藏在{hid}，后来还是说了实话。
""",
            "blamed": """
{a} broke {m}'s {k} and said it was the {other}, but then {a.he} told the truth. ~ {a}打碎了{m}的{k}，说是{other}弄的，后来还是说了实话。
""",
        }[way]
    )
    t.ask("""
what: What did {a} break? => a {col} {k} ~ {a}打碎了什么？ => 一{k.mw}{col}的{k}
who: Whose {k} was it? => {m}'s ~ {k}是谁的？ => {m}的
how: What was {a} doing when it broke? => {how} ~ {k}打碎的时候，{a}在做什么？ => {how}
yes: Did {a} tell the truth in the end? ~ {a}最后说实话了吗？
is: Was the broken {k} {col?}? ~ 打碎的{k}是{col?}的吗？
why: Why was {m} glad? => because {a} told the truth ~ {m}为什么高兴？ => 因为{a}说了实话
unsaid: How much had the {k} cost? ~ {k}花了多少钱？
""")
    if way == "hid":
        t.ask("where: Where did {a} hide the pieces? => {hid} ~ {a}把碎片藏在了哪里？ => {hid}")
    else:
        t.ask("nodid: Did {a} run away from home? ~ {a}离家出走了吗？")
