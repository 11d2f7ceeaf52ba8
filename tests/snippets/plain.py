"""Snippets as people write them for transformers: model cards, tutorials, answers in forums.

Each text is run twice, as it is and with `transformers` in its import lines made `gpt2`. "gpt2" in
it is a tiny random model; what it leaves in ``result`` is compared. A title is a row of the table.
"""

from __future__ import annotations

from tests.snippets.pipelines import PIPELINE

START = """\
from transformers import GPT2LMHeadModel, GPT2Tokenizer
tokenizer = GPT2Tokenizer.from_pretrained("gpt2")
model = GPT2LMHeadModel.from_pretrained("gpt2").eval()
ids = tokenizer("The quick brown fox", return_tensors="pt").input_ids
"""
AUTO = """\
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
tokenizer = AutoTokenizer.from_pretrained("gpt2")
model = AutoModelForCausalLM.from_pretrained("gpt2")
inputs = tokenizer("The quick brown fox", return_tensors="pt")
"""
TRAIN = """\
import torch
from transformers import GPT2Config, GPT2LMHeadModel
torch.manual_seed(0)
model = GPT2LMHeadModel.from_pretrained("gpt2", attn_pdrop=0.0, resid_pdrop=0.0, embd_pdrop=0.0)
ids = torch.arange(60).view(4, 15)
"""

GENERATE = {
    "greedy": START + "result = tokenizer.decode(model.generate(ids, max_new_tokens=8)[0])",
    "sampling under a seed": AUTO
    + "set_seed(42)\nresult = model.generate(**inputs, do_sample=True, max_new_tokens=9)",
    "top_k and top_p": AUTO
    + "set_seed(1)\nresult = model.generate(**inputs, do_sample=True, top_k=50, top_p=0.9, "
    "temperature=0.8, max_new_tokens=9)",
    "several texts per prompt": AUTO
    + "set_seed(1)\nresult = model.generate(**inputs, do_sample=True, num_return_sequences=3, "
    "max_length=14, pad_token_id=tokenizer.eos_token_id)",
    "beams": AUTO
    + "result = model.generate(**inputs, num_beams=4, num_return_sequences=2, early_stopping=True, "
    "no_repeat_ngram_size=2, max_new_tokens=8)",
    "repetition_penalty": AUTO
    + "result = model.generate(**inputs, repetition_penalty=1.2, max_new_tokens=8)",
    "a batch padded on the left": AUTO
    + """tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, "left"
batch = tokenizer(["The fox", "The quick brown fox"], return_tensors="pt", padding=True)
out = model.generate(**batch, max_new_tokens=6, pad_token_id=tokenizer.eos_token_id)
result = tokenizer.batch_decode(out[:, batch["input_ids"].shape[1]:])""",
    "padding to a fixed width": AUTO
    + """tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, "left"
batch = tokenizer(["The fox"], return_tensors="pt", padding="max_length", max_length=20)
out = model.generate(**batch, max_new_tokens=6, pad_token_id=tokenizer.eos_token_id)
result = out.shape, tokenizer.batch_decode(out[:, batch["input_ids"].shape[1]:])""",
    "a boolean mask": START
    + "result = model.generate(ids, attention_mask=ids.ne(0), max_new_tokens=4)",
    "scores of each step": AUTO
    + """out = model.generate(**inputs, max_new_tokens=4, return_dict_in_generate=True,
                     output_scores=True)
result = out.sequences, out.scores, len(out.scores)""",
    "compute_transition_scores": AUTO
    + """out = model.generate(**inputs, max_new_tokens=4, return_dict_in_generate=True,
                     output_scores=True)
result = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)""",
    "GenerationConfig": AUTO
    + """from transformers import GenerationConfig
config = GenerationConfig(max_new_tokens=5, do_sample=False, repetition_penalty=1.1)
result = model.generate(**inputs, generation_config=config)""",
    "defaults set on the model": AUTO
    + """model.generation_config.pad_token_id = tokenizer.eos_token_id
model.generation_config.max_new_tokens = 5
result = model.generate(**inputs)""",
    "bad words and forced ends": AUTO
    + """bad = tokenizer(["fox", " dog"], add_special_tokens=False).input_ids
result = model.generate(**inputs, bad_words_ids=bad, forced_eos_token_id=7, max_new_tokens=6)""",
    "stop_strings": AUTO
    + "result = model.generate(**inputs, stop_strings=['o'], tokenizer=tokenizer, max_length=14)",
    "a streamer": AUTO
    + """from transformers import TextStreamer
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as said:
    model.generate(**inputs, streamer=TextStreamer(tokenizer), max_new_tokens=6)
result = said.getvalue()""",
    "a streamer in a thread": AUTO
    + """from threading import Thread
from transformers import TextIteratorStreamer
streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
Thread(target=model.generate, kwargs=dict(**inputs, streamer=streamer, max_new_tokens=6)).start()
result = "".join(streamer)""",
    "assisted decoding": AUTO
    + """draft = AutoModelForCausalLM.from_pretrained("gpt2")
result = model.generate(**inputs, assistant_model=draft, max_new_tokens=6)""",
    "prompt lookup": AUTO
    + "result = model.generate(**inputs, prompt_lookup_num_tokens=3, max_new_tokens=6)",
    "a prefix function": AUTO
    + """result = model.generate(**inputs, max_new_tokens=5,
    prefix_allowed_tokens_fn=lambda row, ids: list(range(30, 60)))""",
    "contrastive search": AUTO + "result = model.generate(**inputs, penalty_alpha=0.6, top_k=4)",
    "a loop with past_key_values": START
    + """import torch
past, step, made = None, ids, []
for _ in range(5):
    out = model(step, past_key_values=past, use_cache=True)
    past, step = out.past_key_values, out.logits[:, -1:].argmax(-1)
    made.append(step.item())
result = made, past.get_seq_length()""",
    "a loop without a cache": START
    + """import torch
for _ in range(5):
    logits = model(ids).logits[:, -1, :]
    ids = torch.cat([ids, logits.topk(1).indices], dim=-1)
result = ids""",
    "a misspelled option": AUTO + "result = model.generate(**inputs, max_new_token=5)",
}

TOKENIZER = {
    "call": START + "result = tokenizer('The quick brown fox').input_ids",
    "encode and decode": START + "result = tokenizer.decode(tokenizer.encode('The lazy dog.'))",
    "tokens": START
    + """tokens = tokenizer.tokenize("The lazy dog.")
result = tokens, tokenizer.convert_tokens_to_ids(tokens)""",
    "padding a batch": START
    + """tokenizer.pad_token = tokenizer.eos_token
result = dict(tokenizer(["The fox", "The lazy dog"], padding=True, return_tensors="pt"))""",
    "truncation": START
    + "result = tokenizer('The quick brown fox jumps', truncation=True, max_length=3).input_ids",
    "added tokens": START
    + """added = tokenizer.add_special_tokens({"pad_token": "<pad>", "sep_token": "<sep>"})
result = added, tokenizer("The<sep>fox").input_ids, tokenizer.pad_token_id, len(tokenizer)""",
    "added tokens and a larger model": START
    + """tokenizer.add_tokens(["<new>"])
model.resize_token_embeddings(len(tokenizer) + 30)
out = model(tokenizer("The <new> fox", return_tensors="pt").input_ids).logits
result = out[..., :290], out.shape""",
    "offsets": """\
from transformers import GPT2TokenizerFast
tokenizer = GPT2TokenizerFast.from_pretrained("gpt2")
result = tokenizer("The quick fox", return_offsets_mapping=True).offset_mapping""",
    "special tokens skipped": START
    + """ended = [*ids[0].tolist(), tokenizer.eos_token_id]
result = tokenizer.decode(ended, skip_special_tokens=True)""",
    "vocabulary": START
    + "result = len(tokenizer.get_vocab()), tokenizer.vocab_size, tokenizer.eos_token",
    "files": START
    + """tokenizer.save_pretrained(TMP)
result = GPT2Tokenizer.from_pretrained(TMP)("The quick brown fox").input_ids""",
    "is_fast": AUTO + "result = tokenizer.is_fast",
    "a chat template": START
    + """tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
result = tokenizer.apply_chat_template([{"role": "user", "content": "The fox"}], tokenize=False)""",
    "a dataset's map": START
    + """import datasets
texts = datasets.Dataset.from_dict({"text": ["The fox", "The lazy dog"]})
result = texts.map(lambda row: tokenizer(row["text"]), batched=True)["input_ids"][:]""",
}

FORWARD = {
    "logits": START + "result = model(ids).logits",
    "loss": START + "result = model(ids, labels=ids).loss.item()",
    "by position": START + "out = model(ids, labels=ids)\nresult = out[0], out[1]",
    "a tuple": START + "result = model(ids, return_dict=False, use_cache=False)",
    "items of the output": START
    + "result = {k: v for k, v in model(ids, labels=ids).items() if k != 'past_key_values'}",
    "hidden states": START + "result = model(ids, output_hidden_states=True).hidden_states",
    "hidden states enabled when loading": """\
from transformers import AutoModel
import torch
model = AutoModel.from_pretrained("gpt2", output_hidden_states=True)
result = model(torch.arange(9)[None]).hidden_states""",
    "attentions for a viewer": """\
from transformers import AutoModel
import torch
model = AutoModel.from_pretrained("gpt2", output_attentions=True, attn_implementation="eager")
result = model(torch.arange(9)[None])[-1]""",
    "attentions enabled in the configuration": """\
from transformers import GPT2Config, GPT2Model
import torch
config = GPT2Config.from_pretrained("gpt2", output_attentions=True)
model = GPT2Model.from_pretrained("gpt2", config=config).eval()
result = model(torch.arange(9)[None]).attentions""",
    "inputs_embeds": START
    + "result = model(inputs_embeds=model.get_input_embeddings()(ids)).logits",
    "position_ids": START
    + """import torch
places = torch.arange(3, 3 + ids.shape[1])[None]
result = model(ids, position_ids=places).logits""",
    "token_type_ids": START + "result = model(ids, token_type_ids=ids * 0 + 5).logits",
    "logits of the last position": START + "result = model(ids, logits_to_keep=1).logits",
    "logits of selected positions": START
    + "import torch\nresult = model(ids, logits_to_keep=torch.tensor([0, 2])).logits",
    "the keys of the cache": START
    + "result = [layer.keys for layer in model(ids, use_cache=True).past_key_values.layers]",
    "the next word's probabilities": START
    + """import torch
probabilities = torch.softmax(model(ids).logits[0, -1], dim=-1)
result = probabilities.topk(5).values, tokenizer.decode(probabilities.argmax())""",
    "half precision": START + "result = model.bfloat16()(ids).logits.float().shape",
    "the number of parameters": START
    + "result = model.num_parameters(), sum(p.numel() for p in model.parameters())",
    "a keyword that does not exist": START + "result = model(ids, attn_mask=ids)",
    "export": START
    + """import torch
program = torch.export.export(model, (ids,), {"use_cache": False})
result = program.module()(ids, use_cache=False).logits""",
}

EMBEDDINGS = {
    "the mean of the hidden states": """\
from transformers import GPT2Model, GPT2Tokenizer
tokenizer = GPT2Tokenizer.from_pretrained("gpt2")
model = GPT2Model.from_pretrained("gpt2")
encoded = tokenizer("The quick brown fox", return_tensors="pt")
result = model(**encoded).last_hidden_state.mean(dim=1)""",
    "a word's row": START + "result = model.transformer.wte.weight[ids[0, 0]]",
    "the masked mean of a batch": """\
from transformers import AutoModel, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("gpt2")
tokenizer.pad_token = tokenizer.eos_token
model = AutoModel.from_pretrained("gpt2")
batch = tokenizer(["The fox", "The quick brown fox"], padding=True, return_tensors="pt")
hidden = model(**batch).last_hidden_state
mask = batch["attention_mask"][..., None]
result = (hidden * mask).sum(1) / mask.sum(1)""",
    "similarity of two texts": """\
from transformers import AutoModel, AutoTokenizer
import torch
tokenizer = AutoTokenizer.from_pretrained("gpt2")
model = AutoModel.from_pretrained("gpt2")
a, b = (model(**tokenizer(t, return_tensors="pt"))[0][0, -1] for t in ("The fox", "The dog"))
result = torch.cosine_similarity(a, b, dim=0)""",
    "logit lens": START
    + """hidden = model(ids, output_hidden_states=True).hidden_states
result = [model.lm_head(model.transformer.ln_f(h))[0, -1].argmax().item() for h in hidden[:-1]]""",
}

SCORING = {
    "perplexity": START + "import math\nresult = math.exp(model(ids, labels=ids).loss)",
    "perplexity with a stride": START
    + """import torch
ids = torch.arange(100)[None]
losses, end = [], 0
for begin in range(0, 100, 16):
    stop = min(begin + 32, 100)
    labels = ids[:, begin:stop].clone()
    labels[:, : -(stop - end)] = -100
    with torch.no_grad():
        losses.append(model(ids[:, begin:stop], labels=labels).loss)
    end = stop
result = torch.exp(torch.stack(losses).mean())""",
    "the log-probability of a text": START
    + """import torch
logits = model(ids).logits.log_softmax(-1)
result = logits[0, :-1].gather(1, ids[0, 1:, None]).sum()""",
    "surprisal of each token": START
    + """import torch
loss = torch.nn.CrossEntropyLoss(reduction="none")
result = loss(model(ids).logits[0, :-1], ids[0, 1:])""",
}

HOOKS = {
    "a hook on a block": START
    + """seen = []
handle = model.transformer.h[1].register_forward_hook(lambda m, i, o: seen.append(i[0]))
model(ids)
handle.remove()
result = seen[0]""",
    "a hook on an MLP": START
    + """seen = []
model.transformer.h[0].mlp.register_forward_hook(lambda m, i, o: seen.append(o))
model(ids)
result = seen[0]""",
    "a hook that changes a sub-layer": START
    + """model.transformer.h[0].mlp.register_forward_hook(lambda m, i, o: o * 0)
result = model(ids).logits""",
    "a matrix by name": START
    + """weights = model.transformer.h[0].attn.c_attn.weight
q, k, v = weights.split(model.transformer.h[0].attn.split_size, dim=1)
result = q, k, v""",
    "the names of the weights": START + "result = [n for n, _ in model.named_parameters()]",
    "the state": START + "result = {k: v.shape for k, v in model.state_dict().items()}",
    "frozen layers": START
    + """for parameter in model.transformer.h[:1].parameters():
    parameter.requires_grad = False
result = model.num_parameters(only_trainable=True)""",
    "gradients of the inputs": START
    + """embedded = model.transformer.wte(ids).detach().requires_grad_()
model(inputs_embeds=embedded, labels=ids).loss.backward()
result = embedded.grad""",
    "a pruned copy": START
    + """import copy
smaller = copy.deepcopy(model)
smaller.transformer.h = smaller.transformer.h[:1]
result = smaller(ids, use_cache=False).logits""",
}

TRAINING = {
    "a loop of AdamW": TRAIN
    + """model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
result = []
for _ in range(4):
    loss = model(ids, labels=ids).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    result.append(loss.item())""",
    "ignored labels": TRAIN
    + """labels = ids.clone()
labels[:, :5] = -100
result = model(input_ids=ids, labels=labels).loss""",
    "gradient checkpointing": TRAIN
    + """model.train()
model.gradient_checkpointing_enable()
model(ids, labels=ids, use_cache=False).loss.backward()
result = model.transformer.h[0].attn.c_attn.weight.grad""",
    "a new model from a configuration": """\
from transformers import AutoModelForCausalLM, GPT2Config
import torch
torch.manual_seed(0)
config = GPT2Config(vocab_size=300, n_layer=2, n_head=2, n_embd=64, n_positions=32)
model = AutoModelForCausalLM.from_config(config)
result = model.num_parameters(), model.config.n_layer, model.training""",
    "a subclass with its own head": """\
import torch, warnings
from transformers import GPT2Config, GPT2Model, GPT2PreTrainedModel
class Scorer(GPT2PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.transformer = GPT2Model(config)
        self.score = torch.nn.Linear(config.n_embd, 1)
        self.post_init()
    def forward(self, ids):
        return self.score(self.transformer(ids).last_hidden_state[:, -1])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    model = Scorer.from_pretrained("gpt2")
result = model(torch.arange(9)[None]).shape, model.transformer.wte.weight""",
    "a classifier": """\
from transformers import GPT2ForSequenceClassification
import torch, warnings
warnings.simplefilter("ignore")
model = GPT2ForSequenceClassification.from_pretrained("gpt2", num_labels=3, pad_token_id=0)
torch.nn.init.constant_(model.score.weight, 0.01)
out = model.eval()(torch.arange(1, 19).view(2, 9), labels=torch.tensor([0, 2]))
result = out.loss, out.logits""",
    "a classifier's labels": """\
from transformers import AutoModelForSequenceClassification
import warnings
warnings.simplefilter("ignore")
model = AutoModelForSequenceClassification.from_pretrained(
    "gpt2", id2label={0: "bad", 1: "good", 2: "fine"}, label2id={"bad": 0, "good": 1, "fine": 2})
result = model.config.id2label, model.config.num_labels, model.score.out_features""",
    "saved and loaded": TRAIN
    + """model.save_pretrained(TMP)
result = GPT2LMHeadModel.from_pretrained(TMP)(ids).logits""",
    "saved as accelerate's examples do": TRAIN
    + """model.save_pretrained(TMP, is_main_process=True, save_function=torch.save)
result = GPT2LMHeadModel.from_pretrained(TMP)(ids).logits""",
    "the state by torch": TRAIN
    + """torch.save(model.state_dict(), TMP + "/w.pt")
again = GPT2LMHeadModel(model.config)
again.load_state_dict(torch.load(TMP + "/w.pt"))
result = again.eval()(ids).logits""",
    "pushed to the hub": TRAIN + "result = model.push_to_hub('me/model')",
}

LOADING = {
    "low_cpu_mem_usage and dtype": """\
from transformers import AutoModelForCausalLM
import torch
model = AutoModelForCausalLM.from_pretrained(
    "gpt2", torch_dtype=torch.bfloat16, low_cpu_mem_usage=True, trust_remote_code=True)
result = str(model.dtype)""",
    "a value of the configuration": """\
from transformers import AutoModelForCausalLM
result = AutoModelForCausalLM.from_pretrained("gpt2", attn_pdrop=0.3).config.attn_pdrop""",
    "output_loading_info": """\
from transformers import GPT2LMHeadModel
model, info = GPT2LMHeadModel.from_pretrained("gpt2", output_loading_info=True)
result = {k: sorted(v) for k, v in info.items()}""",
    "eager attention": START
    + """model = GPT2LMHeadModel.from_pretrained("gpt2", attn_implementation="eager")
result = model(ids).logits""",
    "8 bits": """\
from transformers import AutoModelForCausalLM
result = AutoModelForCausalLM.from_pretrained("gpt2", load_in_8bit=True)""",
    "a misspelled argument": """\
from transformers import AutoModelForCausalLM
result = AutoModelForCausalLM.from_pretrained("gpt2", torch_dytpe="float16")""",
    "a configuration": """\
from transformers import AutoConfig
config = AutoConfig.from_pretrained("gpt2")
result = config.n_layer, config.hidden_size, config.model_type, config.vocab_size""",
    "a published shape": """\
from transformers import GPT2Config
config = GPT2Config(n_embd=1024, n_layer=24, n_head=16)
result = config.max_position_embeddings, config.n_inner, config.num_labels""",
    "a missing model": """\
from transformers import AutoModelForCausalLM
result = AutoModelForCausalLM.from_pretrained("./no/such/folder")""",
}

IMPORTS = {
    name: f"from transformers import {name}\nresult = {name!r}"
    for name in (
        "AddedToken, TextStreamer", "GPT2PreTrainedModel", "Trainer, TrainingArguments",
        "DataCollatorForLanguageModeling", "BitsAndBytesConfig", "DynamicCache",
        "LogitsProcessorList", "StoppingCriteria", "get_linear_schedule_with_warmup",
        "GPT2DoubleHeadsModel", "AutoModelForSeq2SeqLM", "TFGPT2LMHeadModel", "logging",
    )
}  # fmt: skip

# here the import line of one name stays: it works beside gpt2
BESIDE = {
    "DataCollatorForLanguageModeling": START
    + """import transformers as beside
tokenizer.pad_token = tokenizer.eos_token
collate = beside.DataCollatorForLanguageModeling(tokenizer, mlm=False)
batch = collate([tokenizer("The fox"), tokenizer("The quick brown fox")])
result = dict(batch), model(**batch).loss""",
    "LogitsProcessor": AUTO
    + """import transformers as beside
class OnlyEven(beside.LogitsProcessor):
    def __call__(self, ids, scores):
        scores[:, 1::2] = float("-inf")
        return scores
chain = beside.LogitsProcessorList([OnlyEven()])
result = model.generate(**inputs, logits_processor=chain, max_new_tokens=5)""",
    "StoppingCriteria": AUTO
    + """import transformers as beside
class AtLength(beside.StoppingCriteria):
    def __call__(self, ids, scores, **more):
        return ids.shape[1] >= 12
result = model.generate(**inputs, max_new_tokens=30,
                        stopping_criteria=beside.StoppingCriteriaList([AtLength()]))""",
    "get_linear_schedule_with_warmup": TRAIN
    + """import transformers as beside
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
schedule = beside.get_linear_schedule_with_warmup(optimizer, 2, 8)
result = []
for _ in range(4):
    model(ids, labels=ids).loss.backward()
    optimizer.step(); schedule.step(); optimizer.zero_grad()
    result.append(schedule.get_last_lr()[0])""",
    "set_seed": AUTO
    + """import transformers as beside
beside.set_seed(7)
result = model.generate(**inputs, do_sample=True, max_new_tokens=6)""",
}

GROUPS: dict[str, dict[str, str]] = {
    "Generating": GENERATE,
    "The pipeline": PIPELINE,
    "The tokenizer": TOKENIZER,
    "A forward pass": FORWARD,
    "Embeddings and internals": EMBEDDINGS,
    "Scoring": SCORING,
    "Hooks and weights": HOOKS,
    "Training": TRAINING,
    "Loading": LOADING,
    "Names": IMPORTS,
    "transformers' own classes and functions": BESIDE,
}
