// Errors inside the core; the C interface turns them into status codes.
#ifndef GPT2_ERROR_H_
#define GPT2_ERROR_H_

#include <stdexcept>
#include <string>

#include "gpt2.h"

namespace gpt2 {

struct Error : std::runtime_error {
  Error(gpt2_status status, const std::string& message)
      : std::runtime_error(message), status(status) {}
  gpt2_status status;
};

inline void require(bool condition, gpt2_status status, const std::string& message) {
  if (!condition) throw Error(status, message);
}

}  // namespace gpt2

#endif  // GPT2_ERROR_H_
