"""Models on disk: a manifest and safetensors, verified before use, never unpickled."""
