#include <cstdio>

#include "prices.otp.h"

int main() {
  const prices::Price price{.of = "tea", .costs = {.cents = 250}};
  std::printf("%s %lld\n", price.of.c_str(), static_cast<long long>(price.costs.cents));
}
