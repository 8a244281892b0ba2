"""After the handling: the result returned, the customer called back, the case closed or reopened."""
