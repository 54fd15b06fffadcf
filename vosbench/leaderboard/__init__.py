"""The leaderboard: one small JSON card a result, and the tables and pages made from them.

Measured beats claimed. A card is *measured* when vosbench scored it: it carries the protocol's signature and the
fingerprint of its ``result.json``, and is ranked against cards with the same signature. A *published* card repeats what
a paper prints, digit for digit; it is ranked against the rows of the same printed table and nothing else.

::

    leaderboard/
      benchmarks.toml             what a benchmark is called, which cell ranks it
      papers/*.toml               a paper and the layout of each of its tables
      entries/<benchmark>/*.json  the cards
      results/*/                  the run behind each measured card, named by the fingerprint of its result.json
"""
