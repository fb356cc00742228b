"""The commands of the command line, each a module that declares its arguments and runs."""
