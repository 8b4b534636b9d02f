// The reference page's example: update an opportunity by its id.
//   LIGHTFIELD_API_KEY=sk_lf_… LIGHTFIELD_BASE_URL=http://127.0.0.1:8080 ./update_opportunity opp_…
#include <iostream>

#include "plenoptic/sdk/client.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: update_opportunity OPPORTUNITY_ID\n";
    return 2;
  }
  const plenoptic::sdk::Client client;
  const auto opportunity = client.opportunity().update(argv[1], {.fields = {{"$stage", "Proposal"}, {"$amount", 75000}}});
  std::cout << opportunity.id << "\n";
}
