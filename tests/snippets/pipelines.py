"""Snippets of transformers' pipeline, as `tests.snippets.plain` has the others."""

from __future__ import annotations

PIPE = """\
from transformers import pipeline, set_seed
generator = pipeline("text-generation", model="gpt2")
"""
SHORT = "max_new_tokens=5, do_sample=False"
OBJECTS = """\
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, pipeline
tokenizer = AutoTokenizer.from_pretrained("gpt2")
model = AutoModelForCausalLM.from_pretrained("gpt2")
"""
CHAT = """\
generator.tokenizer.chat_template = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\\\n' }}{% endfor %}")
chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "The fox?"}]
"""

PIPELINE = {
    "the model card's lines": PIPE
    + """set_seed(42)
result = generator("The quick brown fox", max_length=30, num_return_sequences=5)""",
    "greedy": PIPE + "result = generator('The fox', max_new_tokens=6, do_sample=False)",
    "the default options": PIPE + "set_seed(3)\nresult = generator('The fox')",
    "only the new text": PIPE
    + "result = generator('The fox', max_new_tokens=6, do_sample=False, return_full_text=False)",
    "several prompts in batches": PIPE
    + """result = generator(["The fox", "The dog", "The lazy"], max_new_tokens=5, do_sample=False,
                   batch_size=1)""",
    "a batch with a pad token": PIPE
    + f"""generator.tokenizer.pad_token_id = generator.model.config.eos_token_id
result = generator(["The fox", "The dog sleeps", "A"], {SHORT}, batch_size=2)""",
    "a tuple of prompts": PIPE + f"result = generator(('The fox', 'The dog'), {SHORT})",
    "the prompt as a keyword": PIPE + f"result = generator(text_inputs='The fox', {SHORT})",
    "options of the constructor": """\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", max_new_tokens=4, do_sample=False)
result = generator("The fox")""",
    "several texts set in the constructor": """\
from transformers import pipeline, set_seed
generator = pipeline("text-generation", "gpt2", num_return_sequences=2, max_new_tokens=6)
set_seed(0)
result = generator("The fox"), generator("The dog", num_return_sequences=1)""",
    "on the CPU by device number": """\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", device=-1)
result = generator("The fox", max_new_tokens=4, do_sample=False)""",
    "on a device by name": f"""\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", device="cpu")
result = str(generator.device), generator("The fox", {SHORT})""",
    "torch_dtype": """\
import torch
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", torch_dtype=torch.bfloat16, device=-1)
result = str(generator.model.dtype)""",
    "dtype by name": """\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", dtype="float16")
result = str(generator.model.dtype)""",
    "model_kwargs": f"""\
import torch
from transformers import pipeline
generator = pipeline("text-generation", "gpt2", model_kwargs={{"dtype": torch.float32}})
result = generator("The fox", {SHORT})""",
    "trust_remote_code": f"""\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", trust_remote_code=True)
result = generator("The fox", {SHORT})""",
    "use_fast": f"""\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", tokenizer="gpt2", use_fast=True)
result = generator("The fox", {SHORT})""",
    "framework": f"""\
from transformers import pipeline
generator = pipeline("text-generation", model="gpt2", framework="pt")
result = generator("The fox", {SHORT})""",
    "objects": OBJECTS
    + """generator = pipeline("text-generation", model=model, tokenizer=tokenizer)
result = generator("The fox", max_new_tokens=4, do_sample=False)[0]["generated_text"]""",
    "an object on the CPU": OBJECTS
    + f"""pipe = pipeline("text-generation", model=model, tokenizer=tokenizer, device=-1)
result = pipe("The fox", {SHORT})[0]["generated_text"]""",
    "the class itself": f"""\
from transformers import AutoModelForCausalLM, AutoTokenizer, TextGenerationPipeline
tokenizer = AutoTokenizer.from_pretrained("gpt2")
model = AutoModelForCausalLM.from_pretrained("gpt2")
result = TextGenerationPipeline(model=model, tokenizer=tokenizer)("The fox", {SHORT})""",
    "a generation_config": OBJECTS
    + """pipe = pipeline("text-generation", model=model, tokenizer=tokenizer)
config = GenerationConfig(max_new_tokens=4, num_beams=2, do_sample=False)
result = pipe("The fox", generation_config=config)""",
    "options of the model": OBJECTS
    + """model.generation_config.max_new_tokens, model.generation_config.do_sample = 3, False
result = pipeline("text-generation", model=model, tokenizer=tokenizer)("The fox")""",
    "ids instead of text": PIPE + f"result = generator('The fox', {SHORT}, return_tensors=True)",
    "the text alone": PIPE + f"result = generator('The fox', {SHORT}, return_text=True)",
    "clean_up_tokenization_spaces": PIPE
    + f"result = generator('The fox .', {SHORT}, clean_up_tokenization_spaces=True)",
    "a prefix": PIPE + f"result = generator('The fox', {SHORT}, prefix='A story: ')",
    "truncation": PIPE
    + f"result = generator('The fox ' * 3, {SHORT}, truncation=True)[0]['generated_text']",
    "truncation to a length": PIPE
    + "result = generator('The quick brown fox', truncation=True, max_length=6, do_sample=False)",
    "handle_long_generation": PIPE
    + f"result = generator('The fox ' * 12, {SHORT}, handle_long_generation='hole')",
    "a prompt that is too long": PIPE
    + f"result = generator('The quick brown fox jumps. ' * 40, {SHORT})",
    "stop_sequence": PIPE
    + "result = generator('The fox', max_new_tokens=20, do_sample=False, stop_sequence='o')",
    "stop_strings": PIPE
    + "result = generator('The fox', max_new_tokens=20, do_sample=False, stop_strings=['o'],"
    " tokenizer=generator.tokenizer)",
    "eos_token_id": PIPE
    + "result = generator('The fox', max_new_tokens=20, do_sample=False, eos_token_id=5)",
    "pad_token_id": PIPE
    + f"""result = generator("The fox", {SHORT}, pad_token_id=generator.tokenizer.eos_token_id)""",
    "beams": PIPE
    + "result = generator('The fox', max_new_tokens=6, num_beams=3, num_return_sequences=2,"
    " do_sample=False, early_stopping=True)",
    "temperature, top_k and top_p": PIPE
    + "set_seed(1)\nresult = generator('The fox', max_new_tokens=8, do_sample=True, "
    "temperature=0.9, top_k=20, top_p=0.95, num_return_sequences=2)",
    "a penalty": PIPE + f"result = generator('The fox', {SHORT}, repetition_penalty=1.4)",
    "min_new_tokens": PIPE
    + "result = generator('The fox', max_new_tokens=9, min_new_tokens=9, do_sample=False)",
    "a streamer": PIPE
    + f"""from transformers import TextStreamer
result = generator("The fox", {SHORT}, streamer=TextStreamer(generator.tokenizer))""",
    "an empty prompt": PIPE + f"result = generator('', {SHORT})",
    "an empty list": PIPE + f"result = generator([], {SHORT})",
    "no prompt": PIPE + "result = generator()",
    "a number as the prompt": PIPE + f"result = generator(7, {SHORT})",
    "a generator of prompts": PIPE
    + f"result = list(generator((text for text in ['The fox', 'A dog']), {SHORT}))",
    "a dataset of prompts": PIPE
    + f"""from torch.utils.data import Dataset
class Prompts(Dataset):
    def __len__(self):
        return 3
    def __getitem__(self, i):
        return ["The fox", "A dog", "The lazy"][i]
result = [out[0]["generated_text"] for out in generator(Prompts(), {SHORT})]""",
    "rows of a table": PIPE
    + f"""rows = [{{"text": "The fox"}}, {{"text": "A dog"}}]
result = generator([row["text"] for row in rows], {SHORT})""",
    "num_workers": PIPE + f"result = generator(['The fox', 'A dog'], {SHORT}, num_workers=0)",
    "return_dict_in_generate": PIPE
    + f"result = generator('The fox', {SHORT}, return_dict_in_generate=True)",
    "a chat": PIPE + CHAT + f"result = generator(chat, {SHORT})",
    "a chat's answer": PIPE
    + CHAT
    + f"result = generator(chat, {SHORT})[0]['generated_text'][-1]['content']",
    "continuing a chat": PIPE
    + CHAT
    + """chat.append({"role": "assistant", "content": "The quick"})
"""
    + f"result = generator(chat, {SHORT}, continue_final_message=True)",
    "several chats": PIPE + CHAT + f"result = generator([chat, chat[1:]], {SHORT})",
    "only a chat's new message": PIPE
    + CHAT
    + f"result = generator(chat, {SHORT}, return_full_text=False)",
    "a chat without a template": PIPE
    + f"result = generator([{{'role': 'user', 'content': 'Hi'}}], {SHORT})",
    "saved and loaded": PIPE
    + f"""generator.save_pretrained(TMP)
result = pipeline("text-generation", model=TMP)("The fox", {SHORT})""",
    "task and model of the object": PIPE
    + "result = generator.task, generator.model.config.model_type, generator.tokenizer.eos_token",
    "only the task, by keyword": f"""\
from transformers import pipeline
result = pipeline(task="text-generation", model="gpt2")("The fox", {SHORT})""",
    "only the model": f"""\
from transformers import pipeline
result = pipeline(model="gpt2", task="text-generation")(["The fox"], {SHORT})""",
    "return_full_text and return_text": PIPE
    + f"result = generator('The fox', {SHORT}, return_full_text=True, return_text=True)",
    "max_length below the prompt": PIPE
    + "result = generator('The quick brown fox jumps', max_length=2, do_sample=False)",
    "temperature 0": PIPE + "result = generator('The fox', max_new_tokens=3, temperature=0.0)",
    "another task": """\
from transformers import pipeline
result = pipeline("question-answering", model="gpt2")""",
    "a classifier": """\
from transformers import pipeline
result = pipeline("text-classification", model="gpt2")""",
    "features": """\
from transformers import pipeline
result = pipeline("feature-extraction", model="gpt2")""",
    "an option that does not exist": PIPE + "result = generator('The fox', max_new_tokenz=4)",
}
