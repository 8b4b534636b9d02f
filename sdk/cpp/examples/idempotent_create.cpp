// Creates an account; sent again with the same key, it gives back the first answer and makes nothing new.
#include <iostream>

#include "plenoptic/sdk/client.h"

int main() {
  const plenoptic::sdk::Client client;
  try {
    const auto account = client.account().create({.fields = {{"$name", "Acme"}, {"$website", {"https://acme.example"}}}}, {.idempotency_key = "import-row-17"});
    std::cout << account.id << "\n";
  } catch (const plenoptic::sdk::ConflictError& conflict) {
    std::cerr << "another account has that website: " << conflict.details().message << "\n";
    return 1;
  }
}
