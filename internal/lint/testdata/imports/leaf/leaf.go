// Package leaf knows nothing else.
package leaf
