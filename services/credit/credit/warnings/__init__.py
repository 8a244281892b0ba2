"""Fund risks: named rules with their evidence, told at once, acted on, ended by the figures or a person (P02.4)."""
