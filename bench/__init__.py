"""The standing benchmark: `./dev bench`. bench/README.md says what it does and how to read it."""
