//! What is known of a record before it is read: which members it has and what they can be.
