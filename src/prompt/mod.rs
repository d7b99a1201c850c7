//! From a query and principles to what a model is given, token by token.
