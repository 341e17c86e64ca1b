#include "steward/app/command.h"

int main(int argc, char** argv) { return steward::app::run(argc, argv); }
