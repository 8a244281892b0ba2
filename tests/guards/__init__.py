"""What holds for every service, whatever it does: tested over all of them, new ones too."""
