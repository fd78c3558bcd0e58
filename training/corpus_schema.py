"""The tables of the corpus file (`training.corpus`, which alone reads and writes them). Knows nothing else."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, contact TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS lines (
  chat INTEGER NOT NULL REFERENCES chats(id), seq INTEGER NOT NULL, line_id TEXT NOT NULL, author TEXT NOT NULL,
  sender TEXT NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL, reply_to TEXT NOT NULL, addressee TEXT NOT NULL,
  aside TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (chat, at_ms, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS articles (
  key TEXT PRIMARY KEY, title TEXT NOT NULL, markdown TEXT NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
  stage TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (stage, source, what)
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
