"""A small model against a large one: what size buys and costs, from measured trials to every rendering."""
