// Lists the opportunities of a stage above an amount, page by page.
#include <iostream>

#include "plenoptic/sdk/client.h"

int main() {
  const plenoptic::sdk::Client client;
  for (int offset = 0;; offset += 25) {
    const auto page = client.opportunity().list({.limit = 25, .offset = offset, .filters = {{"$stage[equal]", "Proposal"}, {"$amount[greaterThan]", "10000"}}});
    for (const auto& opportunity : page.data) std::cout << opportunity.id << "  " << opportunity.fields.at("$name").value.dump() << "\n";
    if (page.data.size() < 25) return 0;
  }
}
