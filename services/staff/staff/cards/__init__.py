"""Business cards: what is printed on them, with complaint phone and mailbox of the branch."""
