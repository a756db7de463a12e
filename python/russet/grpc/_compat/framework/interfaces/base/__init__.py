"""Operations, below calls."""
