namespace Totem;

/// <summary>The packets of a capture that was decrypted, and what became of them.</summary>
/// <param name="Datagrams">UDP datagrams in the capture.</param>
/// <param name="Opened">Those that the key opened, in libknet's format or in ours.</param>
/// <param name="Others">Those that it did not: in clear, sealed with another key, of another protocol, or not whole in
/// the capture.</param>
public sealed record KnetCaptureCounts(long Datagrams, long Opened, long Others);
