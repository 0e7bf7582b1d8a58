namespace Totem.Cli.Output;

/// <summary>The abilities of the standard error.</summary>
internal static class Terminal
{
    /// <summary>A width that every terminal has, where none is told.</summary>
    private const int DefaultWidth = 80;

    /// <summary>Whether it is a terminal that obeys the usual escape sequences.</summary>
    public static bool ObeysEscapes => !Console.IsErrorRedirected
        && IsCapable(Environment.GetEnvironmentVariable("TERM"), OperatingSystem.IsWindows());

    /// <summary>Columns.</summary>
    public static int Width
    {
        get
        {
            try
            {
                return Console.WindowWidth is > 0 and var width ? width : DefaultWidth;
            }
            catch (Exception failure) when (failure is IOException or PlatformNotSupportedException)
            {
                return DefaultWidth;
            }
        }
    }

    /// <summary>An editor's shell says <c>dumb</c>, a program without a terminal says nothing.
    /// Windows has no such variable.</summary>
    internal static bool IsCapable(string? term, bool isWindows) =>
        term is not "dumb" && (isWindows || !string.IsNullOrEmpty(term));
}
