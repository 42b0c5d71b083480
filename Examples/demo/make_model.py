#!/usr/bin/env python3
"""Writes a very small but real Llama model whose answer to any chat is known beforehand.

  make_model.py FILE.gguf [--answer TEXT]

The network has one layer that adds nothing: attention and feed-forward project to zero, so what reaches the output
head is the embedding of the last token alone. The head gives, for each word of the answer, the next word, and for the
tag that opens the assistant's turn, the first. Any engine that loads GGUF therefore answers every question with the
same sentence, token by token; with one wrong byte in the head it says something else. Needs only the standard library
and makes the same bytes every time.
"""
import argparse
import math
import pathlib
import random
import re
import struct

ANSWER = "Nothing could read these weights until this pod had proved what it runs."
WIDTH, HEADS, CONTEXT, FEED_FORWARD = 64, 2, 512, 128
SPACE = "\u2581"  # how SentencePiece vocabularies write the space before a word
ROLES = ["<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = ("{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}")

# kinds of value and of token, as the GGUF format numbers them
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6
ALIGNMENT = 32


def vocabulary(answer):
    """(text, kind) of every token, and the numbers of the tokens the answer is made of, with its start and its end."""
    words = [word.replace(" ", SPACE) for word in re.findall(r" ?[\w'-]+| ?[^\w ]", answer.strip())]
    if len(set(words)) != len(words):
        raise SystemExit("make_model: each word of the answer may occur once, since a word decides which one follows")
    tokens = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    tokens += [(role, CONTROL) for role in ROLES]
    letters = [SPACE] + [chr(code) for code in range(33, 127)]
    tokens += [(text, NORMAL) for text in letters + [word for word in words if word not in letters]]
    tokens += [(f"<|unused {at}|>", UNUSED) for at in range(-len(tokens) % 64)]
    number = {text: at for at, (text, _) in enumerate(tokens)}
    return tokens, [number[text] for text in [ROLES[2], *words, "</s>"]]


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def tensors(count, chain):
    """(name, shape, little-endian bytes) of every tensor for `count` tokens, where `chain` names each next token."""
    numbers = random.Random(1)
    embeddings = []
    for _ in range(count):
        row = [numbers.gauss(0, 1) for _ in range(WIDTH)]
        length = math.sqrt(sum(value * value for value in row) / WIDTH)
        embeddings.append([value / length for value in row])
    head = [[0.0] * WIDTH for _ in range(count)]
    for before, after in zip(chain, chain[1:]):
        head[after] = [value / 2 for value in embeddings[before]]
    flat = lambda rows: floats([value for row in rows for value in row])
    yield "token_embd.weight", (WIDTH, count), flat(embeddings)
    yield "output_norm.weight", (WIDTH,), floats([1.0] * WIDTH)
    yield "output.weight", (WIDTH, count), flat(head)
    for name in ["attn_norm", "ffn_norm"]:
        yield f"blk.0.{name}.weight", (WIDTH,), floats([1.0] * WIDTH)
    for name in ["attn_q", "attn_k", "attn_v", "attn_output"]:
        yield f"blk.0.{name}.weight", (WIDTH, WIDTH), bytes(4 * WIDTH * WIDTH)
    for name, shape in [("ffn_gate", (WIDTH, FEED_FORWARD)), ("ffn_up", (WIDTH, FEED_FORWARD)),
                        ("ffn_down", (FEED_FORWARD, WIDTH))]:
        yield f"blk.0.{name}.weight", shape, bytes(4 * WIDTH * FEED_FORWARD)


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def metadata(tokens):
    """The model's description, as (key, kind, value bytes)."""
    number = lambda value: struct.pack("<I", value)
    array = lambda kind, items: struct.pack("<IQ", kind, len(items)) + b"".join(items)
    sizes = {
        "context_length": CONTEXT, "embedding_length": WIDTH, "block_count": 1, "feed_forward_length": FEED_FORWARD,
        "attention.head_count": HEADS, "attention.head_count_kv": HEADS, "rope.dimension_count": WIDTH // HEADS,
        "vocab_size": len(tokens),
    }
    yield "general.architecture", STRING, text("llama")
    yield "general.name", STRING, text("vouchsafe-demo")
    yield "general.alignment", UINT32, number(ALIGNMENT)
    yield "general.file_type", UINT32, number(0)
    for key, value in sizes.items():
        yield f"llama.{key}", UINT32, number(value)
    yield "llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)
    yield "tokenizer.ggml.model", STRING, text("llama")
    yield "tokenizer.ggml.tokens", ARRAY, array(STRING, [text(token) for token, _ in tokens])
    yield "tokenizer.ggml.scores", ARRAY, array(FLOAT32, [struct.pack("<f", -at) for at in range(len(tokens))])
    yield "tokenizer.ggml.token_type", ARRAY, array(INT32, [struct.pack("<i", kind) for _, kind in tokens])
    for key, value in {"unknown": 0, "bos": 1, "eos": 2}.items():
        yield f"tokenizer.ggml.{key}_token_id", UINT32, number(value)
    yield "tokenizer.ggml.add_bos_token", BOOL, b"\1"
    yield "tokenizer.ggml.add_space_prefix", BOOL, b"\0"
    yield "tokenizer.chat_template", STRING, text(TEMPLATE)


def gguf(answer):
    """The model file: header, description, table of tensors, then each tensor at an aligned place."""
    padded = lambda data: data + bytes(-len(data) % ALIGNMENT)
    tokens, chain = vocabulary(answer)
    described = [text(key) + struct.pack("<I", kind) + value for key, kind, value in metadata(tokens)]
    table, body = [], b""
    for name, shape, data in tensors(len(tokens), chain):
        table.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(body)))
        body += padded(data)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(table), len(described))
    return padded(header + b"".join(described) + b"".join(table)) + body


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("file", type=pathlib.Path)
    reading.add_argument("--answer", default=ANSWER)
    given = reading.parse_args()
    given.file.write_bytes(gguf(given.answer))


if __name__ == "__main__":
    main()
