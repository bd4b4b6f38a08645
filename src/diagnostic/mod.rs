//! Byte spans, source text, codes, labels and help; knows nothing of YAML.
