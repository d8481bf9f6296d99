"""Texts made, split and counted."""
words = [str(i * 7919 % 10007) for i in range(30000)]
counts = {}
for word in " ".join(words).split():
    counts[word] = counts.get(word, 0) + 1
print(len(counts), sum(counts.values()))
