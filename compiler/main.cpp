#include "driver/options.h"

int main(int argc, char** argv) { return otpc::driver::main(argc, argv); }
