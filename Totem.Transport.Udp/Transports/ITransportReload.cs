namespace Totem.Transport.Udp.Transports;

/// <summary>A reload that is prepared and not in effect. Disposing one that is not used leaves everything as it
/// is.</summary>
internal interface ITransportReload : IDisposable
{
    /// <summary>Settings that a running member keeps, though the configuration has others now, for people.</summary>
    IReadOnlyList<string> Kept { get; }
}
