"""Labels for installers: sheets of stickers as PDF, with a QR code each."""
