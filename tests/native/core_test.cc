// The core under sanitizers: `core_test` runs all parts, `core_test PART...` some of them.
#include <cstdio>
#include <cstring>

#include "check.h"

int main(int count, char** arguments) {
  const struct {
    const char* name;
    void (*run)();
  } parts[] = {{"kernels", test_kernels},
               {"model", test_model},
               {"damage", test_damage},
               {"asking", test_asking},
               {"choosing", test_choosing},
#if !defined(__wasm__)  // where there is one thread
               {"team", test_team},
#endif
               {"logprob", test_logprob}};
  int ran = 0;
  for (const auto& part : parts) {
    bool asked = count == 1;
    for (int i = 1; i < count; i++) asked |= std::strcmp(arguments[i], part.name) == 0;
    if (!asked) continue;
    part.run();
    std::printf("%s: good\n", part.name);
    ran++;
  }
  CHECK(ran >= count - 1);  // every name given was one of these
  return 0;
}
