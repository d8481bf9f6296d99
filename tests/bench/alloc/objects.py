"""Objects, texts and containers of all sizes, made and dropped."""
import random

random.seed(1)
kept = {}
for i in range(60000):
    kept[random.randrange(20000)] = [str(i) * random.randrange(1, 20), (i, i + 1.5), {"n": i}]
lists = [[random.random() for _ in range(2000)] for _ in range(30)]
merged = sorted(sum(lists, []))
text = "".join("%d,%s\n" % (key, value[0]) for key, value in kept.items())
rows = [line.split(",") for line in text.splitlines()]
print(len(merged), len(text), len(rows))
