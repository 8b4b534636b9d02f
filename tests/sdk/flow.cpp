// Every operation of the C++ client against a real server, and its typed errors. Arguments: base URL, key, a key that may only read accounts,
// the URL and key of a server with a low rate limit. Ends with 0 and prints `ok` lines, or says what was wrong.
#include <cstdlib>
#include <iostream>
#include <string>

#include "plenoptic/sdk/client.h"

using namespace plenoptic::sdk;

namespace {

void require(bool holds, const char* what, int line) {
  if (holds) return;
  std::cerr << "line " << line << ": " << what << std::endl;
  std::exit(1);
}
#define REQUIRE(...) require((__VA_ARGS__), #__VA_ARGS__, __LINE__)

template <typename Failure, typename Call>
void raises(Call call, int status, int line) {
  try {
    call();
  } catch (const Failure& failure) {
    require(failure.details().status == status && !failure.details().message.empty() && !failure.details().request_id.empty(), "the error's details", line);
    return;
  }
  require(false, "no error of that type was thrown", line);
}
#define RAISES(Failure, status, ...) raises<Failure>([&] { __VA_ARGS__; }, status, __LINE__)

std::string text(const Record& record, const std::string& key) { return record.fields.at(key).value.string(); }

void opportunities(const Client& client) {
  const Record account = client.account().create({.fields = {{"$name", "Sdk & Co"}, {"$website", {"https://sdk.example"}}}});
  const Record contact =
      client.contact().create({.fields = {{"$name", FullName{"Ada", "Lovelace"}}, {"$email", {"ada@sdk.example"}}}, .relationships = {{"$account", account.id}}});
  const std::string member = client.member().list().data.at(0).id;
  REQUIRE(client.member().retrieve(member).id == member);
  const Record made =
      client.opportunity().create({.fields = {{"$name", "Sdk deal"}, {"$stage", "Lead"}}, .relationships = {{"$account", account.id}}}, {.idempotency_key = "flow"});
  REQUIRE(client.opportunity().create({.fields = {{"$name", "Other"}}, .relationships = {{"$account", account.id}}}, {.idempotency_key = "flow"}).id == made.id);
  const Record updated = client.opportunity().update(
      made.id, {.fields = {{"$stage", "Proposal"}, {"$amount", 75000.25}}, .relationships = {{"$owner", {.replace = member}}, {"$champion", {.add = contact.id}}}});
  REQUIRE(updated.fields.at("$amount").value.number_text() == "75000.25");
  REQUIRE(updated.relationships.at("$owner").values.at(0) == member && updated.relationships.at("$champion").values.at(0) == contact.id);
  const Definitions definitions = client.opportunity().definitions();
  bool proposal = false;
  for (const SelectOption& option : definitions.field_definitions.at("$stage").options) proposal |= option.id == text(updated, "$stage") && option.label == "Proposal";
  REQUIRE(proposal);
  const Page page = client.opportunity().list({.limit = 5, .filters = {{"$stage[equal]", "Proposal"}, {"$amount[greaterThan]", "75000"}, {"$champion", contact.id}}});
  REQUIRE(page.total_count == 1 && page.data.at(0).id == made.id);
  const FieldHistory history = client.opportunity().field_history(made.id, "$stage");
  REQUIRE(history.data.size() == 2 && history.data.at(0).display_value == "Proposal");
  client.opportunity().delete_(made.id);
  RAISES(NotFoundError, 404, client.opportunity().retrieve(made.id));
  REQUIRE(client.opportunity().list({.status = "trashed"}).total_count == 1);
  REQUIRE(client.opportunity().restore(made.id).id == made.id && client.opportunity().retrieve(made.id).id == made.id);
  REQUIRE(client.account().field_history(account.id, "$name").data.size() == 1 && client.contact().field_history(contact.id, "$name").data.size() == 1);
}

void every_record_type(const Client& client) {
  const std::string member = client.member().list().data.at(0).id;
  const auto life = [](const RecordResource& resource, const CreateParams& params, const char* name) {
    const Record made = resource.create(params);
    REQUIRE(resource.definitions().field_definitions.contains(name));
    REQUIRE(text(resource.update(made.id, {.fields = {{name, "Renamed"}}}), name) == "Renamed");
    REQUIRE(text(resource.retrieve(made.id), name) == "Renamed" && resource.list().total_count >= 1);
    resource.delete_(made.id);
    REQUIRE(resource.restore(made.id).id == made.id);
  };
  life(client.account(), {.fields = {{"$name", "Life"}}}, "$name");
  life(client.contact(), {.fields = {{"$title", "CTO"}}}, "$title");
  life(client.task(), {.fields = {{"$title", "Call"}, {"$status", "TODO"}}, .relationships = {{"$assignedTo", member}}}, "$title");
  life(client.note(), {.fields = {{"$title", "Note"}, {"$content", "# Hi"}}}, "$title");
}

void lists(const Client& client) {
  const std::string account = client.account().list().data.at(0).id;
  const Record list = client.list().create({.fields = {{"$name", "Targets"}, {"$objectType", "$account"}}, .relationships = {{"$accounts", account}}});
  REQUIRE(client.list().list_accounts(list.id).total_count == 1);
  client.list().update(list.id, {.fields = {{"$name", "Targets 2"}}, .relationships = {{"$accounts", {.remove = account}}}});
  REQUIRE(client.list().list_accounts(list.id).total_count == 0 && text(client.list().retrieve(list.id), "$name") == "Targets 2" && client.list().list().total_count == 1);
  for (const auto& [type, members] : {std::pair{"$contact", "$contacts"}, std::pair{"$opportunity", "$opportunities"}}) {
    const bool contacts = std::string(type) == "$contact";
    const std::string id = (contacts ? client.contact() : client.opportunity()).list().data.at(0).id;
    const Record made = client.list().create({.fields = {{"$name", type}, {"$objectType", type}}, .relationships = {{members, id}}});
    REQUIRE((contacts ? client.list().list_contacts(made.id) : client.list().list_opportunities(made.id)).total_count == 1);
  }
  client.list().delete_(list.id);
}

void errors(const Client& client, const Client& weak, const Client& limited) {
  RAISES(BadRequestError, 400, client.account().create({.fields = {{"bogus", 1}}}));
  RAISES(AuthenticationError, 401, Client({.api_key = "sk_lf_wrong", .base_url = std::getenv("BASE")}).auth().validate());
  RAISES(PermissionDeniedError, 403, weak.contact().list());
  RAISES(NotFoundError, 404, client.account().retrieve("acc_cm0000000000000000000000"));
  client.account().create({.fields = {{"$name", "Taken"}, {"$website", {"taken.example"}}}});
  RAISES(ConflictError, 409, client.account().create({.fields = {{"$name", "Taken too"}, {"$website", {"taken.example"}}}}, {.max_retries = 0}));
  RAISES(UnprocessableEntityError, 422, client.contact().create({.fields = {{"$email", {"no address"}}}}));
  RAISES(RateLimitError, 429, for (int i = 0; i < 30; ++i) limited.account().list({}, {.max_retries = 0}));
  REQUIRE(limited.account().list().total_count == 0);  // waits as it is told, and gets through
}

}  // namespace

int main(int argc, char** argv) {
  REQUIRE(argc == 6);
  ::setenv("BASE", argv[1], 1);
  const Client client({.api_key = argv[2], .base_url = argv[1]});
  const AuthValidation validation = client.auth().validate();
  REQUIRE(validation.active && validation.token_type == "api_key");
  opportunities(client);
  every_record_type(client);
  lists(client);
  std::cout << "ok flow" << std::endl;
  errors(client, Client({.api_key = argv[3], .base_url = argv[1]}), Client({.api_key = argv[5], .base_url = argv[4]}));
  std::cout << "ok errors" << std::endl;
}
