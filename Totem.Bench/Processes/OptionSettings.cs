using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>Sets options by name, so that a measurement can vary whatever there is to vary:
/// <c>AcceleratedWindow=20</c>.</summary>
internal static class OptionSettings
{
    /// <summary>Sets a property of the first of these objects that has it. The objects are nobody else's yet.</summary>
    /// <exception cref="CommandFailedException">None has it, or the value does not fit.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Native nodes keep the assemblies of the "
        + "options whole: see the project file.")]
    public static void Apply(string setting, params ReadOnlySpan<object> options)
    {
        var parts = setting.Split('=', 2);
        foreach (var option in options)
        {
            if (option.GetType()
                .GetProperty(parts[0], BindingFlags.Public | BindingFlags.Instance) is not { CanWrite: true } property)
                continue;
            property.SetValue(option, Convert(parts.Length == 2 ? parts[1] : "true", property.PropertyType, setting));
            return;
        }

        throw new CommandFailedException(ExitCode.Usage, $"'{setting}': the options have no {parts[0]} in this build");
    }

    private static object? Convert(string text, Type type, string setting)
    {
        // A colon would end the setting.
        if (type == typeof(TimeSpan) && text.EndsWith("us", StringComparison.Ordinal)
            && double.TryParse(text[..^2], NumberStyles.Float, CultureInfo.InvariantCulture, out var microseconds))
            return TimeSpan.FromMicroseconds(microseconds);
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            return wanted.IsEnum ? Enum.Parse(wanted, text, ignoreCase: true)
                : wanted == typeof(TimeSpan) ? TimeSpan.Parse(text, CultureInfo.InvariantCulture)
                : System.Convert.ChangeType(text, wanted, CultureInfo.InvariantCulture);
        }
        catch (Exception failure)
            when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"'{setting}': {failure.Message}");
        }
    }
}
