#include <nines/prober.h>

#include <string>
#include <utility>
#include <vector>

#include "prober/prober_impl.h"

namespace nines {

Result<std::unique_ptr<Prober>> Prober::create(Store& store, ProberOptions options) {
  if (const auto valid = options.validate(); !valid) return tl::unexpected(valid.error());
  std::vector<std::shared_ptr<const CompiledCheck>> references;
  for (std::size_t i = 0; i < options.references.size(); ++i) {
    auto check = compile(options.references[i]);
    if (!check) {
      return fail(check.error().code, "references[" + std::to_string(i) + "]: " + check.error().message);
    }
    references.push_back(*std::move(check));
  }
  auto runner = CheckRunner::create(options.runner);
  if (!runner) return tl::unexpected(runner.error());
  auto book = prober::AlertBook::open(options.alerts.journal, options.alerts.max_pending, options.log);
  if (!book) return tl::unexpected(book.error());
  return std::make_unique<prober::ProberImpl>(store, std::move(options), *std::move(runner), std::move(references),
                                              *std::move(book));
}

}  // namespace nines
