// SOCIAL_HANDLE: a profile's URL or a bare handle, kept as the platform's canonical URL.
#include <algorithm>
#include <array>

#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t longest = 500;

struct Platform {
  std::string_view name;
  std::array<std::string_view, 2> hosts;
  std::string_view canonical;
  std::string_view example;
};
constexpr std::array<Platform, 4> platforms = {{
    {"Twitter", {"x.com", "twitter.com"}, "https://x.com/", "https://x.com/acme or acme"},
    {"LinkedIn", {"linkedin.com", "linkedin.com"}, "https://linkedin.com/", "https://linkedin.com/in/ada, https://linkedin.com/company/acme or ada"},
    {"Facebook", {"facebook.com", "fb.com"}, "https://facebook.com/", "https://facebook.com/acme or acme"},
    {"Instagram", {"instagram.com", "instagram.com"}, "https://www.instagram.com/", "https://www.instagram.com/acme or acme"},
}};

bool is_handle(std::string_view text) {
  if (text.empty() || text.size() > 150) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("._-%&").find(c) != std::string_view::npos;
  });
}

/// The host without `www.`, `m.` or a regional subdomain, where it is one of the platform's.
bool is_host_of(const Platform& platform, std::string_view host) {
  const std::string lower = lower_ascii(host);
  return std::any_of(platform.hosts.begin(), platform.hosts.end(), [&](std::string_view known) {
    return lower == known || (lower.size() > known.size() + 1 && lower.ends_with(known) && lower[lower.size() - known.size() - 1] == '.');
  });
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

/// First parts of addresses that are pages of the platform's own, and nobody's profile.
bool is_reserved(HandleService service, std::string_view segment) {
  constexpr std::array<std::string_view, 10> twitter = {"i", "intent", "search", "hashtag", "home", "explore", "share", "settings", "messages", "notifications"};
  constexpr std::array<std::string_view, 12> facebook = {"profile.php", "people",     "pages",     "groups",    "events",      "watch",
                                                         "sharer",      "sharer.php", "story.php", "photo.php", "marketplace", "login"};
  constexpr std::array<std::string_view, 8> instagram = {"p", "reel", "reels", "stories", "explore", "tv", "accounts", "direct"};
  const std::string lower = lower_ascii(segment);
  const auto among = [&](const auto& names) { return std::find(names.begin(), names.end(), lower) != names.end(); };
  switch (service) {
    case HandleService::twitter: return among(twitter);
    case HandleService::facebook: return among(facebook);
    case HandleService::instagram: return among(instagram);
    case HandleService::linkedin: break;
  }
  return false;
}

bool is_number(std::string_view text) { return !text.empty() && text.size() <= 20 && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// Facebook's profiles without a name of their own: `profile.php?id=1`, `people/Ada/1`, `pages/Acme/1`.
std::string numbered_profile(std::string_view path, const std::vector<std::string_view>& segments) {
  const std::string kind = lower_ascii(segments[0]);
  if (kind == "profile.php") {
    const std::size_t id = path.find("id=");
    const std::string_view number = id == std::string_view::npos ? "" : path.substr(id + 3, path.find_first_of("&#", id) - id - 3);
    return is_number(number) ? "profile.php?id=" + std::string(number) : std::string();
  }
  if ((kind != "people" && kind != "pages") || segments.size() < 3 || !is_handle(segments[1]) || !is_number(segments[2])) return {};
  return kind + "/" + std::string(segments[1]) + "/" + std::string(segments[2]);
}

/// What stands behind the canonical host: `acme`, `in/ada`, `company/acme`. Empty: no profile.
std::string profile_of(const FieldDefinition& field, HandleService service, std::string_view path) {
  const std::vector<std::string_view> segments = segments_of(path);
  if (segments.empty()) return {};
  if (service == HandleService::facebook)
    if (std::string numbered = numbered_profile(path, segments); !numbered.empty()) return numbered;
  if (is_reserved(service, segments[0])) return {};
  if (service != HandleService::linkedin) {
    const std::string_view handle = segments[0].starts_with('@') ? segments[0].substr(1) : segments[0];
    return is_handle(handle) ? std::string(handle) : std::string();
  }
  if (segments.size() == 1) return is_handle(segments[0]) ? (field.names_companies ? "company/" : "in/") + std::string(segments[0]) : std::string();
  const std::string kind = lower_ascii(segments[0]);
  constexpr std::array<std::string_view, 4> kinds = {"in", "company", "school", "showcase"};
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end() || !is_handle(segments[1])) return {};
  return kind + "/" + std::string(segments[1]);
}

}  // namespace

ParsedText normalise_social_handle(const FieldDefinition& field, std::string_view text) {
  const HandleService service = field.handle_service.value_or(HandleService::linkedin);
  const Platform& platform = platforms[static_cast<std::size_t>(service)];
  const auto refuse = [&] { return unacceptable(field, std::string("takes a ") + std::string(platform.name) + " profile like " + std::string(platform.example)); };
  if (text.size() > longest) return refuse();
  const std::size_t scheme = text.find("://");
  std::string_view rest = scheme == std::string_view::npos ? text : text.substr(scheme + 3);
  if (scheme != std::string_view::npos && !same_letters(text.substr(0, scheme), "https") && !same_letters(text.substr(0, scheme), "http")) return refuse();
  const std::string_view first = rest.substr(0, rest.find_first_of("/?#"));
  std::string profile;
  if (is_host_of(platform, first)) {
    const std::string_view path = rest.substr(std::min(first.size() + 1, rest.size()));
    // A LinkedIn URL names the kind of profile; only a bare handle does without.
    if (service == HandleService::linkedin && segments_of(path).size() < 2) return refuse();
    profile = profile_of(field, service, path);
  } else if (scheme == std::string_view::npos) {
    if (rest.starts_with('@')) rest.remove_prefix(1);
    const auto segments = segments_of(rest);
    const bool single = segments.size() == 1 && rest.find_first_of("/?#") == std::string_view::npos;
    const bool other_site = single && (rest.ends_with(".com") || rest.ends_with(".org") || rest.ends_with(".net"));
    if ((single || service == HandleService::linkedin) && !other_site) profile = profile_of(field, service, rest);
  }
  if (profile.empty()) return refuse();
  return std::string(platform.canonical) + profile;
}

ParsedValue parse_social_handle(const FieldDefinition& field, const base::Json& input) { return parse_texts(field, input, normalise_social_handle, lower_ascii); }

}  // namespace plenoptic::model::value_types
