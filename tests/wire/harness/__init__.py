"""What the scenarios stand on. To import it is to forget the settings of whoever runs the tests: a server that inherited PLENOPTIC_DATA would write there."""
import os

OF_THE_TESTS = {"PLENOPTIC_BINARY", "PLENOPTIC_SLOW_FACTOR", "PLENOPTIC_SEED", "PLENOPTIC_MODEL_STEPS", "PLENOPTIC_CRASH_ROUNDS"}

for name in list(os.environ):
    if name.startswith(("PLENOPTIC_", "LIGHTFIELD_")) and name not in OF_THE_TESTS:
        del os.environ[name]
