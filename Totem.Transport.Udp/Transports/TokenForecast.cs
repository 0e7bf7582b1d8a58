namespace Totem.Transport.Udp.Transports;

/// <summary>The facts known of the token's way; they decide how to wait for it.</summary>
/// <param name="Rotation">How long it took to come round last.</param>
/// <param name="Until">How long it should take from now until it is here again; negative when it is late.</param>
internal readonly record struct TokenForecast(TimeSpan Rotation, TimeSpan Until)
{
    /// <summary>There is no token, or nobody can say.</summary>
    public static TokenForecast None { get; } = new(TimeSpan.MaxValue, TimeSpan.MaxValue);
}
