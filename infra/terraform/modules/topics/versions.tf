terraform {
  required_version = ">= 1.9"

  required_providers {
    kafka = {
      source  = "Mongey/kafka"
      version = ">= 0.9, < 1.0"
    }
  }
}
