"""Every judgement we can pass on a user's object: what is wrong, where, and what to do."""
