"""What people would run instead, installed and set up by the bench. Each peer is a class that is started, measured and stopped."""
