#pragma once

// Functions that worker processes know by name.
//
//   double area(const Tile& tile) { ... }
//   DISTAFF_REGISTER(area)                      // at namespace scope, in a .cc file
//   ...
//   distaff::Future<double> f = pool.submit<area>(tile);
//
// A closure cannot be sent to another process, nor the address of a function to one that was
// started anew; a name can.  The name is the text between the brackets; it must be the only one in
// the program.  Overloads and instances of templates get a function of their own to be registered.
//
// What such a function may be: its parameters are values or references to const whose types are
// Serializable (see serialize.h), or std::string_view; so is its result, or it is void.  This is
// checked by the compiler.  It runs in a process of its own: what it changes there, other than by
// its result, nobody else sees.
//
//   struct BadTile : std::runtime_error { using std::runtime_error::runtime_error; };
//   DISTAFF_REGISTER_EXCEPTION(BadTile)
//
// makes what a task throws as a BadTile arrive as a BadTile, made from the what() of the original;
// everything else arrives as a RemoteError.

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "distaff/errors.h"
#include "distaff/serialize.h"

namespace distaff::inline v0 {

namespace detail {

// How an argument travels: views are sent as what they look at.
template <class Parameter>
struct Sent {
  using type = std::decay_t<Parameter>;
};
template <class Parameter>
requires std::same_as<std::remove_cvref_t<Parameter>, std::string_view>
struct Sent<Parameter> {
  using type = std::string;
};
template <class Parameter>
using SentAs = typename Sent<Parameter>::type;

template <class Parameter>
inline constexpr bool kChangesCallers =
    std::is_lvalue_reference_v<Parameter> && !std::is_const_v<std::remove_reference_t<Parameter>>;

// For messages about what a template was given.
template <class...>
inline constexpr bool kNever = false;

template <class Function>
struct Signature {
  static constexpr bool kFunction = false;
};
template <class R, class... Parameters>
struct Signature<R (*)(Parameters...)> {
  static constexpr bool kFunction = true;
  using Result = std::decay_t<R>;
  using Arguments = std::tuple<SentAs<Parameters>...>;

  template <class... Given>
  static constexpr bool kTakes = std::is_invocable_v<R (*)(Parameters...), Given...>;

  static constexpr bool check() {
    static_assert(!(kChangesCallers<Parameters> || ...),
                  "the function takes a reference to something that it may change, but in another "
                  "process it would change a copy: take a value or a const reference");
    static_assert((Serializable<SentAs<Parameters>> && ...),
                  "the function has a parameter that cannot be sent to another process: give its "
                  "type DISTAFF_SERIALIZE(Type, members...), see distaff/serialize.h");
    static_assert(std::is_void_v<R> || Serializable<Result>,
                  "the function has a result that cannot be sent back from another process: give "
                  "its type DISTAFF_SERIALIZE(Type, members...), see distaff/serialize.h");
    return !(kChangesCallers<Parameters> || ...) && (Serializable<SentAs<Parameters>> && ...) &&
           (std::is_void_v<R> || Serializable<Result>);
  }

  // The bytes of arguments, converted to what the parameters are.
  template <class... Given>
  static void write(Encoder& encoder, Given&&... given) {
    write_as(encoder, static_cast<Arguments*>(nullptr), std::forward<Given>(given)...);
  }

 private:
  template <class... Types, class... Given>
  static void write_as(Encoder& encoder, std::tuple<Types...>*, Given&&... given) {
    static_assert(sizeof...(Types) == sizeof...(Given), "as many arguments as parameters");
    (write_one<Types>(encoder, std::forward<Given>(given)), ...);
  }
  template <class Type, class Given>
  static void write_one(Encoder& encoder, Given&& given) {
    if constexpr (std::same_as<std::remove_cvref_t<Given>, Type>) {
      encoder(given);
    } else {
      encoder(Type(std::forward<Given>(given)));
    }
  }
};
template <class R, class... Parameters>
struct Signature<R (*)(Parameters...) noexcept> : Signature<R (*)(Parameters...)> {};

template <auto Function>
using SignatureOf = Signature<std::remove_const_t<decltype(Function)>>;

// Reads the arguments, calls the function, writes its result.
using RemoteCall = void (*)(Decoder&, Encoder&);

template <auto Function>
void call_remotely(Decoder& decoder, Encoder& encoder) {
  using S = SignatureOf<Function>;
  typename S::Arguments arguments{};
  decoder(arguments);
  if constexpr (std::is_void_v<typename S::Result>) {
    std::apply(Function, std::move(arguments));
  } else {
    encoder(typename S::Result(std::apply(Function, std::move(arguments))));
  }
}

// The name by which Function was registered; null before.
template <auto Function>
inline const char* registered_name = nullptr;

// Ends the program if the name stands for another function.
void add_function(const char* name, RemoteCall call);
// Null if there is none.
RemoteCall find_function(std::string_view name);

template <auto Function>
bool register_function(const char* name) {
  static_assert(SignatureOf<Function>::kFunction,
                "DISTAFF_REGISTER takes the name of a function that is no member");
  if constexpr (SignatureOf<Function>::kFunction && SignatureOf<Function>::check()) {
    add_function(name, &call_remotely<Function>);
    registered_name<Function> = name;
  }
  return true;
}

template <auto Function>
const char* name_of() {
  if (registered_name<Function> == nullptr) {
    throw std::logic_error(
        "a function for a process pool is not registered: write DISTAFF_REGISTER(function) at "
        "namespace scope in the file that defines it");
  }
  return registered_name<Function>;
}

// Checks at compile time that Function can run elsewhere and takes Given; the messages are for
// people.
template <auto Function, class... Given>
constexpr bool check_call() {
  static_assert(SignatureOf<Function>::kFunction,
                "submit<function>: a process pool runs functions registered by DISTAFF_REGISTER, "
                "no members, no closures: they cannot be sent to another process");
  if constexpr (SignatureOf<Function>::kFunction) {
    static_assert(SignatureOf<Function>::template kTakes<Given...>,
                  "the registered function cannot be called with these arguments");
    return SignatureOf<Function>::check() && SignatureOf<Function>::template kTakes<Given...>;
  } else {
    return false;
  }
}

// Throws a T made of the text, with the exception being handled nested.
using ThrowAs = void (*)(const char* what);
template <class T>
[[noreturn]] void throw_as(const char* what) {
  std::throw_with_nested(T(what));
}
bool register_exception(const std::type_info& type, ThrowAs as);

}  // namespace detail

// A registered function with its arguments, as bytes: a hook of worker processes.
struct RegisteredCall {
  std::string name;       // empty: nothing is called
  std::string arguments;  // see serialize.h

  explicit operator bool() const { return !name.empty(); }
};

// Throws std::logic_error if the function was not registered.
template <auto Function, class... Given>
RegisteredCall call(Given&&... given) {
  if constexpr (detail::check_call<Function, Given...>()) {
    Encoder encoder;
    detail::SignatureOf<Function>::write(encoder, std::forward<Given>(given)...);
    return {detail::name_of<Function>(), encoder.take()};
  }
}

// Where and why a task failed in another process, one line for each exception of the chain:
//
//   in ProcessPool-2 (pid 4711): std::runtime_error: no such tile
//     caused by std::out_of_range: map::at
//
// Nothing for an exception that comes from this process.
std::optional<std::string> remote_traceback(const std::exception_ptr& error);

}  // namespace distaff::inline v0

#define DISTAFF_CONCAT_2(a, b) a##b
#define DISTAFF_CONCAT(a, b) DISTAFF_CONCAT_2(a, b)

// At namespace scope, once a function in the program.
#define DISTAFF_REGISTER(function)                                                   \
  [[maybe_unused]] static const bool DISTAFF_CONCAT(distaff_registered_, __LINE__) = \
      ::distaff::detail::register_function<&function>(#function);

// At namespace scope.  Type must have a constructor from const char* or std::string.
#define DISTAFF_REGISTER_EXCEPTION(Type)                                            \
  [[maybe_unused]] static const bool DISTAFF_CONCAT(distaff_exception_, __LINE__) = \
      ::distaff::detail::register_exception(typeid(Type), &::distaff::detail::throw_as<Type>);
