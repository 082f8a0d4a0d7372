"""The locked software on a bare machine: fetch, unpack, build, start."""
