// Put in front of llama.cpp's grammar parser: it would print a grammar that it cannot read, which is made of a client's schema.
#include <cstdio>
#include <cstdlib>
#define fprintf(...) ((void)0)
