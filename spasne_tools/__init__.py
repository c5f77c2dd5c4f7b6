"""The parts behind ``import spasne``: one concept per module, none of them needed by name in everyday use."""
