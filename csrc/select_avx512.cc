#include "select_impl.h"

namespace gpt2 {

extern const SelectLoops select_avx512;
const SelectLoops select_avx512 = table();

}  // namespace gpt2
