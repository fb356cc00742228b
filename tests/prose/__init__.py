"""How the project is written, as far as a program can see."""
