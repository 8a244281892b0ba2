"""Branches and their profiles, people and their roles, rota and leave, conduct."""
