"""Right answers to the exercises, written out in numpy as a learner would."""

START = "import numpy as np\n\n"
SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

"""

SOLUTIONS = [
    START + body
    for body in (
        """
def write(logits, ids, count):
    text = list(ids)
    for _ in range(count):
        scores = logits(text)[-1]
        text = text + [int(np.argmax(scores))]
    return text
""",
        """
def merge(word, ranks):
    parts = [bytes([b]) for b in word.encode("utf-8")]
    while True:
        best = None
        for i in range(len(parts) - 1):
            rank = ranks.get((parts[i], parts[i + 1]))
            if rank is not None and (best is None or rank < best[0]):
                best = rank, i
        if best is None:
            return parts
        i = best[1]
        parts = parts[:i] + [parts[i] + parts[i + 1]] + parts[i + 2 :]
""",
        """
def embed(ids, wte, wpe):
    return np.array([wte[token] + wpe[place] for place, token in enumerate(ids)])
""",
        SOFTMAX
        + """
def head(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T / np.sqrt(q.shape[1])
    T = len(x)
    for t in range(T):
        scores[t, t + 1 :] = -np.inf
    return softmax(scores) @ v
""",
        """
def block(x, attention, mlp, ln_1, ln_2):
    y = x + attention(ln_1(x))
    return y + mlp(ln_2(y))
""",
        """
def mlp(x, w_in, b_in, w_out, b_out):
    h = x @ w_in + b_in
    h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
    return h @ w_out + b_out
""",
        SOFTMAX
        + """
def loss(x, wte, ids):
    p = softmax(x @ wte.T)
    return np.mean([-np.log(p[t, ids[t + 1]]) for t in range(len(ids) - 1)])
""",
        SOFTMAX
        + """
def gradient(logits, targets):
    T = len(targets)
    one_hot = np.zeros_like(logits)
    one_hot[np.arange(T), targets] = 1
    return (softmax(logits) - one_hot) / T
""",
        SOFTMAX
        + """
def nucleus(logits, temperature, top_p):
    p = softmax(logits / temperature)
    kept, total = np.zeros_like(p), 0
    for token in np.argsort(p)[::-1]:
        if total >= top_p:
            break
        kept[token] = p[token]
        total += p[token]
    return kept / kept.sum()
""",
        SOFTMAX
        + """
def logprob(logits, ids, start):
    p = softmax(logits)
    return sum(np.log(p[t - 1, ids[t]]) for t in range(start, len(ids)))
""",
        """
def written(pattern, v, w_o, head):
    d = v.shape[-1]
    mixed = pattern[head] @ v[head]
    return mixed @ w_o[d * head : d * head + d, :]
""",
        """
def induction(pattern, period):
    return np.mean([pattern[t, t - period + 1] for t in range(period, len(pattern))])
""",
        """
def parameters(layers, width, context, vocabulary):
    D = width
    attention = D * 3 * D + 3 * D + D * D + D
    mlp = D * 4 * D + 4 * D + 4 * D * D + D
    norms = 2 * 2 * D
    return (vocabulary + context) * D + layers * (attention + mlp + norms) + 2 * D
""",
    )
]
