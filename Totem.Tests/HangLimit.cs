namespace Totem.Tests;

/// <summary>Turns a hang into a failure. No test says by it how long something may take: the
/// machine may give fifty others their share.</summary>
internal static class HangLimit
{
    /// <summary>For one wait, or all of a short test's.</summary>
    public static readonly TimeSpan OfAWait = TimeSpan.FromMinutes(5);
}
