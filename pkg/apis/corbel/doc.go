// Package corbel names what all versions of Corbel's API share: the group, the
// label and annotation keys, and the virtual verbs that RBAC grants.
package corbel
