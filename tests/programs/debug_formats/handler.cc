#include "handler.h"

void use(const Handler&) {}
