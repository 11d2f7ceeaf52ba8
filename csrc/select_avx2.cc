#include "select_impl.h"

namespace gpt2 {

extern const SelectLoops select_avx2;
const SelectLoops select_avx2 = table();

}  // namespace gpt2
