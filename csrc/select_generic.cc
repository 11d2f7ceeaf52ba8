#include "select_impl.h"

namespace gpt2 {

extern const SelectLoops select_generic;
const SelectLoops select_generic = table();

}  // namespace gpt2
